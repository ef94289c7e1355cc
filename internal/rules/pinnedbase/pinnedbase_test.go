package pinnedbase_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/checktest"
	"github.com/dockworthy/dockworthy/internal/rules/pinnedbase"
)

func TestCases(t *testing.T) { checktest.Run(t, pinnedbase.Rule) }
