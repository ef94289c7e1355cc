package dockerignore_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/check/checktest"
	"github.com/dockworthy/dockworthy/rules/dockerignore"
)

func TestCases(t *testing.T) { checktest.Run(t, dockerignore.Rule) }
