package nonroot_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/check/checktest"
	"github.com/dockworthy/dockworthy/rules/nonroot"
)

func TestCases(t *testing.T) { checktest.Run(t, nonroot.Rule) }
