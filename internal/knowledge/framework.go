package knowledge

import "sync"

// A Framework is what programs of one kind are made with, and how they are told.
type Framework struct {
	Language  string              `json:"language"`
	Name      string              `json:"name"`
	Calls     []string            `json:"calls"`     // functions that make such a program, by their full names
	Imports   []string            `json:"imports"`   // modules by whose import a program is one
	Runs      []string            `json:"runs"`      // functions that start it
	Packages  []string            `json:"packages"`  // that bring it, by their names in the package index
	Interface string              `json:"interface"` // asgi, wsgi: a server starts it; own: it starts itself; else the program that does
	Object    string              `json:"object"`    // the attribute that a server starts; "" = the thing itself
	Kind      string              `json:"kind"`      // service, worker, job
	Port      int                 `json:"port"`      // where it listens unless told otherwise; 0 = nowhere, or as its server does
	Health    string              `json:"health"`    // the route that it answers by itself; "" = none
	Brings    map[string][]string `json:"brings"`    // servers that come with it, by the extra that has to be asked for ("" = none)
	origin
}

type frameworks struct {
	all  []*Framework
	call map[string]*Framework
}

var frameworksOnce = sync.OnceValue(func() *frameworks {
	x := &frameworks{decode("frameworks.jsonl", frameworksData, func() *Framework { return new(Framework) }), map[string]*Framework{}}
	for _, f := range x.all {
		for _, c := range f.Calls {
			x.call[f.Language+" "+c] = f
		}
	}
	return x
})

// Frameworks are all that are known.
func Frameworks() []*Framework { return frameworksOnce().all }

// FrameworkOf is the framework that a function of a language makes a program of;
// nil = none that is known.
func FrameworkOf(language, call string) *Framework { return frameworksOnce().call[language+" "+call] }
