package pinnedbase_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/check/checktest"
	"github.com/dockworthy/dockworthy/rules/pinnedbase"
)

func TestCases(t *testing.T) { checktest.Run(t, pinnedbase.Rule) }
