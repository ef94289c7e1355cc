package dockerignore_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/checktest"
	"github.com/dockworthy/dockworthy/internal/rules/dockerignore"
)

func TestCases(t *testing.T) { checktest.Run(t, dockerignore.Rule) }
