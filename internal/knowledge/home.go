package knowledge

import "sync"

// A Home is an installer that puts programs below the home of whoever runs it.
type Home struct {
	Tool     string   `json:"tool"`     // as a message names it
	URLs     []string `json:"urls"`     // parts of the addresses that its script or its repository is fetched from
	Commands []string `json:"commands"` // commands that install: program and verbs
	Options  []string `json:"options"`  // options of these by which it goes elsewhere
	Below    string   `json:"below"`    // the folder below the home
	Moves    []string `json:"moves"`    // variables that say another folder
	Programs []string `json:"programs"` // what it puts there
	Named    bool     `json:"named"`    // it puts there the programs that its arguments name
	origin
}

// Homes are all that are known. The list must not be changed.
var Homes = sync.OnceValue(func() []*Home {
	return decode("homes.jsonl", homesData, func() *Home { return new(Home) })
})
