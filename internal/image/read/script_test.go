package read

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/image"
)

func TestScripts(t *testing.T) {
	for body, want := range map[string]image.Script{
		"#!/bin/sh -e\nexec x\n":        {Interp: "/bin/sh", Arg: "-e"},
		"#!/usr/bin/env -S node --x\n":  {Interp: "/usr/bin/env", Arg: "-S node --x"},
		"#!/usr/bin/env python3\n":      {Interp: "/usr/bin/env", Arg: "python3"},
		"#!/bin/bash\n":                 {Interp: "/bin/bash"},
		"#!/bin/sh\r\nexec x\r\n":       {Interp: "/bin/sh", CRLF: true},
		"#! \t/bin/sh \t -e \n#!/other": {Interp: "/bin/sh", Arg: "-e"},
	} {
		img := imageOf(t, nil, layerOf(t, entry{name: "app", body: body}))
		if s := img.Tree.Lstat("/app").Script; s == nil || *s != want {
			t.Errorf("%q: %+v, want %+v", body, s, want)
		}
	}
	if s := imageOf(t, nil, layerOf(t, entry{name: "app", body: "hello"})).Tree.Lstat("/app").Script; s != nil {
		t.Errorf("%+v", s)
	}
}
