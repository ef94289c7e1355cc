package secrets_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/check/checktest"
	"github.com/dockworthy/dockworthy/rules/secrets"
)

func TestCases(t *testing.T) { checktest.Run(t, secrets.Rule) }
