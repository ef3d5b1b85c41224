package wire

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/zstd"

	"zoucun/survey"
)

// Message is anything that travels as the body of a request or a reply.
type Message interface {
	// complete refuses what is beyond the limits of version 1, and fills in what is derived rather than sent.
	complete() error
}

// errNotCanonical says that the same value would have been encoded differently: hashes over it would not agree.
var errNotCanonical = errors.New("not in deterministic encoding")

var (
	encoding = must(encodingOptions().EncMode())
	strict   = must(decodingOptions(cbor.ExtraDecErrorUnknownField).DecMode())
	lenient  = must(decodingOptions(cbor.ExtraDecErrorNone).DecMode())

	packer   = must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20)))
	tight    = must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20)))
	unpacker = must(zstd.NewReader(nil, zstd.WithDecoderMaxMemory(MaxMessage), zstd.WithDecoderMaxWindow(MaxMessage)))
)

// encodingOptions is core deterministic encoding (RFC 8949 §4.2.1) in which a list that was never set is an empty one,
// so that equal values have equal hashes.
func encodingOptions() cbor.EncOptions {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty
	return o
}

func decodingOptions(extra cbor.ExtraDecErrorCond) cbor.DecOptions {
	return cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		UTF8:              cbor.UTF8RejectInvalid,
		MaxNestedLevels:   16,
		MaxArrayElements:  MaxFields,
		MaxMapPairs:       MaxFields,
		ExtraReturnErrors: extra,
	}
}

// must is for modes and codecs whose options are constants.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Encode returns the deterministic CBOR of a message or of a part of one.
func Encode(v any) ([]byte, error) { return encoding.Marshal(v) }

// Decode reads the deterministic CBOR of one message and nothing behind it. Revisions in it have their ID.
func Decode[T any, P interface {
	*T
	Message
}](data []byte) (T, error) {
	var m T
	if len(data) > MaxMessage {
		return m, damaged("wire.Decode", fmt.Errorf("message of %d bytes", len(data)))
	}
	if err := decodeExactly(data, &m); err != nil {
		return m, damaged("wire.Decode", err)
	}
	if err := P(&m).complete(); err != nil {
		return m, damaged("wire.Decode", err)
	}
	return m, nil
}

// Pack returns a message as it travels: deterministic CBOR in one zstd frame.
func Pack(m Message) ([]byte, error) {
	raw, err := Encode(m)
	if err != nil {
		return nil, err
	}
	return packer.EncodeAll(raw, nil), nil
}

// Unpack reads what Pack made. It never holds more than MaxMessage bytes, whatever the frame claims.
func Unpack[T any, P interface {
	*T
	Message
}](body []byte) (T, error) {
	raw, err := unpacker.DecodeAll(body, nil)
	if err != nil {
		var none T
		return none, damaged("wire.Unpack", err)
	}
	return Decode[T, P](raw)
}

// decodeExactly decodes and checks that the same value would be encoded to the same bytes.
func decodeExactly(data []byte, v any) error {
	if err := strict.Unmarshal(data, v); err != nil {
		return err
	}
	again, err := Encode(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(data, again) {
		return errNotCanonical
	}
	return nil
}

func damaged(op string, err error) error {
	return &survey.Error{Kind: survey.Damaged, Op: op, Message: "收到的数据不完整，没有采用。", Err: err}
}

// within reports that a count or a length is beyond its limit.
func within(what string, n, limit int) error {
	if n > limit {
		return fmt.Errorf("%d %s, at most %d", n, what, limit)
	}
	return nil
}
