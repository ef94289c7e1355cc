package stack

// assets is what Node.js builds of a program in another language, and the Node.js that
// it asks for.
func assets(t *tree) (*Node, Version, []string, error) {
	p := &nodeProject{t: t, root: t, s: &Stack{Dir: "."}, n: &Node{}}
	var err error
	if p.pkg, err = readPackage(t, "package.json"); err != nil {
		return nil, Version{}, nil, err
	}
	if err := p.manager(); err != nil {
		return nil, Version{}, nil, err
	}
	p.version()
	if p.pkg.Scripts["build"] != "" {
		p.n.Script = "build"
	}
	return p.n, p.s.Version, p.s.Notes, nil
}
