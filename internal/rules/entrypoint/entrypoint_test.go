package entrypoint_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/checktest"
	"github.com/dockworthy/dockworthy/internal/rules/entrypoint"
)

func TestCases(t *testing.T) { checktest.Run(t, entrypoint.Rule) }
