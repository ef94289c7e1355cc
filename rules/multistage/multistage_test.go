package multistage_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/check/checktest"
	"github.com/dockworthy/dockworthy/rules/multistage"
)

func TestCases(t *testing.T) { checktest.Run(t, multistage.Rule) }
