// Package errand lets one device carry another's work (捎带): the sender packs what no road is open for into bundles that
// only the server opens, and gives them to a courier nearby, or copies them to a stick; the courier takes them along.
//
// What a courier holds it can neither read nor alter, and the sender keeps and sends everything as if it had given
// nothing away: only the county's signed word moves its watermark. docs/protocol.md, "Errands", is the specification.
//
// The package asks the stores of both sides for what it needs and has heard of neither. It listens on the address it is
// given and opens no other.
package errand
