package layercache_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/internal/checktest"
	"github.com/dockworthy/dockworthy/internal/rules/layercache"
)

func TestCases(t *testing.T) { checktest.Run(t, layercache.Rule) }
