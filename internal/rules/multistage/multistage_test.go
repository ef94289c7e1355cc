package multistage_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/checktest"
	"github.com/dockworthy/dockworthy/internal/rules/multistage"
)

func TestCases(t *testing.T) { checktest.Run(t, multistage.Rule) }
