package wire

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"zoucun/survey"
)

// MediaType of every body but the bytes of attachments. It includes the compression: nobody on the way may undo it.
const MediaType = "application/vnd.zoucun.cbor+zstd"

// MediaBytes is the media type of an attachment's bytes.
const MediaBytes = "application/octet-stream"

// Headers of requests and replies.
const (
	HeaderVersion   = "Zoucun-Version"   // protocol version
	HeaderDevice    = "Zoucun-Device"    // who asks
	HeaderNonce     = "Zoucun-Nonce"     // 16 bytes chosen by the device, hexadecimal: makes every reply a reply to this request
	HeaderChallenge = "Zoucun-Challenge" // in a reply the next to be signed, in a request the one that was, hexadecimal
	HeaderSignature = "Zoucun-Signature" // Ed25519, base64
	HeaderDigest    = "Content-Digest"   // RFC 9530, sha-256 of the body as it travels
	HeaderOffset    = "Upload-Offset"    // bytes of an attachment that are held, or where these bytes belong
	HeaderLength    = "Upload-Length"    // bytes of the whole attachment
)

// Paths of the server.
const (
	PathStatus    = "/v1/status"
	PathEnrol     = "/v1/enrol"
	PathPush      = "/v1/push"
	PathPull      = "/v1/pull"
	PathReconcile = "/v1/reconcile"
	PathOffer     = "/v1/offer"
	PathCarry     = "/v1/carry"
	PathRelay     = "/v1/relay"
	PathCounty    = "/v1/county" // of a relay: whom it carries to
	PathBlob      = "/v1/blob/"  // followed by the SHA-256 in hexadecimal
)

// SignedHeaders returns those of a request's or a reply's headers that its signature covers, with what says how to read the
// body, so that somebody may pass it on as it was signed.
func SignedHeaders(h http.Header) http.Header {
	kept := http.Header{}
	for _, name := range []string{
		HeaderVersion, HeaderDevice, HeaderNonce, HeaderChallenge, HeaderSignature, HeaderDigest, "Content-Type", "Retry-After",
	} {
		if value := h.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	return kept
}

// Write signs the request and sets its headers.
func (r Request) Write(h http.Header, key ed25519.PrivateKey) {
	h.Set(HeaderVersion, strconv.Itoa(r.Version))
	h.Set(HeaderDevice, r.Device.String())
	h.Set(HeaderNonce, hex.EncodeToString(r.Nonce[:]))
	h.Set(HeaderChallenge, hex.EncodeToString(r.Challenge))
	h.Set(HeaderDigest, digestText(r.Body))
	setOptional(h, HeaderOffset, r.Offset)
	setOptional(h, HeaderLength, r.Length)
	setOptional(h, "Range", r.Range)
	if key != nil {
		h.Set(HeaderSignature, base64.StdEncoding.EncodeToString(r.Sign(key)))
	}
}

// ReadRequest reads what Write set. Body is what the header claims; the reader of the body checks it. Whatever could be
// read is returned with the error, so that the refusal can be signed as a reply to it.
func ReadRequest(method, path string, h http.Header) (r Request, signature []byte, err error) {
	r = Request{Method: method, Path: path, Offset: h.Get(HeaderOffset), Length: h.Get(HeaderLength), Range: h.Get("Range")}
	var e [5]error
	r.Version, e[0] = strconv.Atoi(h.Get(HeaderVersion))
	e[1] = r.Device.UnmarshalText([]byte(h.Get(HeaderDevice)))
	e[2] = readNonce(&r.Nonce, h.Get(HeaderNonce))
	r.Challenge, e[3] = hex.DecodeString(h.Get(HeaderChallenge))
	r.Body, e[4] = parseDigest(h.Get(HeaderDigest))
	for i, name := range [...]string{HeaderVersion, HeaderDevice, HeaderNonce, HeaderChallenge, HeaderDigest} {
		if e[i] != nil {
			return r, nil, fmt.Errorf("header %s: %w", name, e[i])
		}
	}
	signature, err = base64.StdEncoding.DecodeString(h.Get(HeaderSignature))
	return r, signature, err
}

// Write signs the reply and sets its headers.
func (r Reply) Write(h http.Header, key ed25519.PrivateKey) {
	h.Set(HeaderVersion, strconv.Itoa(r.Version))
	h.Set(HeaderChallenge, hex.EncodeToString(r.Challenge))
	h.Set(HeaderDigest, digestText(r.Body))
	setOptional(h, HeaderOffset, r.Offset)
	setOptional(h, HeaderLength, r.Length)
	h.Set(HeaderSignature, base64.StdEncoding.EncodeToString(r.Sign(key)))
}

// ReadReply checks that what came back is the server's own reply to the request, byte for byte, and returns the
// challenge for the next one. Everything else (a login page, a truncated body, another server) is an error of kind
// Unavailable: there was no network, and nothing may change.
func ReadReply(request Request, status int, h http.Header, body []byte, key ed25519.PublicKey) (challenge []byte, err error) {
	version, err := strconv.Atoi(h.Get(HeaderVersion))
	if err != nil {
		return nil, noNetwork(fmt.Errorf("reply without version, status %d", status))
	}
	challenge, err = hex.DecodeString(h.Get(HeaderChallenge))
	if err != nil {
		return nil, noNetwork(fmt.Errorf("challenge: %w", err))
	}
	signature, err := base64.StdEncoding.DecodeString(h.Get(HeaderSignature))
	if err != nil {
		return nil, noNetwork(fmt.Errorf("signature: %w", err))
	}
	reply := Reply{
		Request: request.ID(), Version: version, Status: status, Body: sha256.Sum256(body),
		Challenge: challenge, Offset: h.Get(HeaderOffset), Length: h.Get(HeaderLength),
	}
	if err := reply.Verify(signature, key); err != nil {
		return nil, noNetwork(fmt.Errorf("reply with status %d: %w", status, err))
	}
	return challenge, nil
}

func noNetwork(err error) error {
	return &survey.Error{Kind: survey.Unavailable, Op: "wire.ReadReply", Message: "还没有连上服务器，内容已存在本机，稍后会自动再试。", Err: err}
}

func setOptional(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

func readNonce(nonce *[16]byte, text string) error {
	raw, err := hex.DecodeString(text)
	if err != nil {
		return err
	}
	if len(raw) != len(nonce) {
		return fmt.Errorf("nonce of %d bytes", len(raw))
	}
	copy(nonce[:], raw)
	return nil
}

func digestText(h survey.Hash) string {
	return "sha-256=:" + base64.StdEncoding.EncodeToString(h[:]) + ":"
}

func parseDigest(text string) (h survey.Hash, err error) {
	inner, ok := strings.CutPrefix(text, "sha-256=:")
	inner, closed := strings.CutSuffix(inner, ":")
	if !ok || !closed {
		return h, fmt.Errorf("digest %q", text)
	}
	raw, err := base64.StdEncoding.DecodeString(inner)
	if err != nil {
		return h, err
	}
	return h, h.UnmarshalBinary(raw)
}
