package engine

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/secret"
)

// hide masks in what a program or a builder said the values that the user gave
// it, and what has the shape of a vendor's secret, so that no record holds
// either. A short value or a plain word says nothing, and would hide much.
func hide(s string, values []string) string {
	for _, v := range values {
		if len(v) >= 8 && strings.Trim(v, "abcdefghijklmnopqrstuvwxyz") != "" {
			s = strings.ReplaceAll(s, v, secret.Mask(v))
		}
	}
	return secret.Hide(s)
}

// valuesOf are the values of a map, the longer first, so that one within
// another is found in it alone.
func valuesOf(m map[string]string) []string {
	return slices.SortedFunc(maps.Values(m), func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b)) })
}
