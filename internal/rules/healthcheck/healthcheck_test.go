package healthcheck_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/checktest"
	"github.com/dockworthy/dockworthy/internal/rules/healthcheck"
)

func TestCases(t *testing.T) { checktest.Run(t, healthcheck.Rule) }
