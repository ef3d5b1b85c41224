// Package client carries a device's records to its server and fetches what others have written.
//
// An [Agent] pushes the log until every entry is signed for, pulls every granted feed to its end, and then hands over
// attachments. It decides when to try, how much to send at once and how long to wait; what it sends and what a reply
// changes is the [Log]'s business. Only a reply that the pinned server has signed for this very request counts: a login
// page, a half of a reply or another server's certificate is no network, and changes nothing.
//
// The package keeps nothing between rounds but how fast the link is. It shows nothing: what it is doing it reports as
// [survey.Progress].
package client
