package healthcheck_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/check/checktest"
	"github.com/dockworthy/dockworthy/rules/healthcheck"
)

func TestCases(t *testing.T) { checktest.Run(t, healthcheck.Rule) }
