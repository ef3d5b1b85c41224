package survey

// Joining says how edits made apart to one field are joined without a person. What any revision of a record has said of
// a field holds for all of them. Append-only: the values travel.
type Joining uint8

// Joinings.
const (
	JoinWords    Joining = 1 // a set of words with spaces between, as select_multiple writes it
	JoinNames    Joining = 2 // a set of names with MemberStop between
	JoinGreatest Joining = 3 // the later date, the higher number
)

// JoiningOf reads what a form says of a question in its column bind::zoucun:merge.
func JoiningOf(word string) (Joining, bool) {
	how, ok := map[string]Joining{"set": JoinWords, "names": JoinNames, "greatest": JoinGreatest}[word]
	return how, ok
}
