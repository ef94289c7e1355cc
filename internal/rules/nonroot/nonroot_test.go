package nonroot_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/checktest"
	"github.com/dockworthy/dockworthy/internal/rules/nonroot"
)

func TestCases(t *testing.T) { checktest.Run(t, nonroot.Rule) }
