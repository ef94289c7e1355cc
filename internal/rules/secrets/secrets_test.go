package secrets_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/checktest"
	"github.com/dockworthy/dockworthy/internal/rules/secrets"
)

func TestCases(t *testing.T) { checktest.Run(t, secrets.Rule) }
