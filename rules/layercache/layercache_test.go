package layercache_test

import (
	"testing"

	"github.com/dockworthy/dockworthy/check/checktest"
	"github.com/dockworthy/dockworthy/rules/layercache"
)

func TestCases(t *testing.T) { checktest.Run(t, layercache.Rule) }
