package entrypoint_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/check/checktest"
	"github.com/dockworthy/dockworthy/rules/entrypoint"
)

func TestCases(t *testing.T) { checktest.Run(t, entrypoint.Rule) }
