package layercache

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/internal/source"
)

// identity matches the names of variables that say which build this is: the
// commit, the date, the run of the CI.
var identity = regexp.MustCompile(`^(?:(?:CI|GITHUB|GITLAB|GIT|VCS|SCM|SOURCE|SRC|BUILD|APP|APPLICATION|REPO|IMAGE|DOCKER|SERVICE|RELEASE|PROJECT|CURRENT|LAST)_)*` +
	`(?:SHA|SHA1|COMMIT|COMMIT_SHA|COMMIT_SHORT_SHA|SHORT_SHA|COMMIT_ID|COMMIT_HASH|COMMIT_REF|COMMIT_DATE|COMMITHASH|GITHASH|GITSHA|GITCOMMIT|REVISION|GIT_REV|VCS_REF|GIT_REF|GIT_HASH|GIT_DESCRIBE|` +
	`BUILD_DATE|BUILD_TIME|BUILD_TIMESTAMP|BUILD_DATETIME|BUILDTIME|BUILDDATE|BUILT_AT|BUILD_AT|BUILD_NUMBER|BUILD_NUM|BUILD_NO|BUILDNUMBER|BUILD_ID|BUILDID|BUILD_SHA|BUILD_REV|BUILD_HASH|BUILD_VERSION|BUILD_REF|TIMESTAMP|` +
	`RUN_ID|RUN_NUMBER|PIPELINE_ID|PIPELINE_IID|JOB_ID|CREATED_AT)$`)

// commit matches those that name a commit.
var commit = regexp.MustCompile(`(?:^|_)(?:SHA1?|COMMIT|COMMIT_ID|COMMIT_HASH|COMMIT_REF|COMMITHASH|GITHASH|GITSHA|GITCOMMIT|REVISION|GIT_REV|VCS_REF|GIT_REF|GIT_HASH|GIT_DESCRIBE)$`)

// kindred matches names that end like those: they count where the value is a
// stand-in, for else they may be the pinned commit of something else.
var kindred = regexp.MustCompile(`(?:^|_)(?:COMMIT|COMMIT_SHA|COMMIT_HASH|GIT_SHA|SHA|REVISION|BUILD_DATE|BUILD_TIME|BUILD_NUMBER|BUILD_ID|GIT_COMMIT|GIT_HASH|GIT_REV|VERSION|RELEASE|TAG)$`)

// toolVersion matches names of the version of something that is installed.
var toolVersion = regexp.MustCompile(`^(?:NODE|NODEJS|PYTHON|PIP|GO|GOLANG|RUST|JAVA|JDK|RUBY|PHP|NPM|YARN|PNPM|BUN|UV|POETRY|ALPINE|DEBIAN|UBUNTU|NGINX|MAVEN|GRADLE|DOTNET|BASE|OS|TOOL)[A-Z0-9_]*_(?:VERSION|TAG|RELEASE)$`)

var hexCommit = regexp.MustCompile(`^[0-9a-f]{7,40}$`)

// numbered matches names of a version; those of a tag or a commit are something else.
var numbered = regexp.MustCompile(`^(?:(?:NEXT|NUXT)_PUBLIC_|(?:VITE|REACT|VUE|DOCKER|CI|GIT|MY)_)?(.*?)_?(?:VER|VERSION|RELEASE)$`)

// version matches a version that is written down.
var version = regexp.MustCompile(`^v?[0-9]+\.[0-9]+(?:\.[0-9]+)?(?:[-+][0-9A-Za-z.]+)?$`)

// ownVersion tells whether a variable may hold the version of what is built here, and
// not of something that is installed: its other words say so, or name the image or the
// service that is built, or it is no version's name.
func ownVersion(b *source.Build, name string) bool {
	m := numbered.FindStringSubmatch(name)
	if m == nil || m[1] == "" || ownWords(m[1]) {
		return true
	}
	plain := func(s string) string {
		return strings.NewReplacer("-", "_", ".", "_").Replace(strings.ToUpper(s))
	}
	for _, s := range b.Services {
		image, _, _ := strings.Cut(path.Base(s.Image.Text), ":")
		if plain(s.Name.Text) == m[1] || plain(image) == m[1] {
			return true
		}
	}
	return false
}

// ownWords tells whether words of a name speak of what is built here.
func ownWords(stem string) bool {
	return !slices.ContainsFunc(strings.Split(stem, "_"), func(w string) bool { return !knowledge.ReleaseWords.Has(w) })
}

// toRead tells whether a variable holds a version of what is built here for who runs
// the image to read: it is written down, and no step makes anything by it.
func toRead(b *source.Build, v source.Var, name string) bool {
	if v.Value == "" || !strings.HasSuffix(name, "VERSION") && !strings.HasSuffix(name, "VER") && !strings.HasSuffix(name, "RELEASE") {
		return false
	}
	m := numbered.FindStringSubmatch(name)
	return m != nil && ownWords(m[1]) && version.MatchString(v.Value) && !needed(b, v.Name)
}

// needed tells whether a step needs a variable's value.
func needed(b *source.Build, name string) bool {
	for _, s := range b.Stages {
		for _, step := range s.Steps {
			if step.Keyword != "LABEL" && uses(step.File().Text(step.Span), []string{name}) {
				return true
			}
		}
	}
	return false
}

// changes tells whether a variable changes with each build, by its name and
// its value. given tells that Compose takes the value from elsewhere; labels are
// the stage's LABEL instructions.
func changes(b *source.Build, v source.Var, given bool, labels string) bool {
	name := strings.ToUpper(v.Name)
	if toolVersion.MatchString(name) {
		return false
	}
	plain := strings.ToLower(strings.Trim(v.Value, `"'<>`))
	standIn := knowledge.StandIns.Has(plain) || strings.HasPrefix(plain, "dev-") || strings.HasSuffix(strings.ToLower(v.Value), "-dev") || strings.HasSuffix(strings.ToLower(v.Value), "-snapshot")
	// Who hands a version on, or leaves it open, may mean what is installed.
	standIn = standIn || (given || plain == "") && ownVersion(b, name)
	if identity.MatchString(name) {
		// A commit that is written down is a pin of something else, unless a
		// label says that it is this image's.
		return !v.Arg || given || !hexCommit.MatchString(v.Value) || uses(labels, []string{v.Name})
	}
	if standIn && kindred.MatchString(name) && v.Arg && !fetched(b, v.Name) {
		return true
	}
	return knowledge.ReleaseNames.Has(name) && v.Arg && uses(labels, []string{v.Name}) || toRead(b, v, name)
}

// fetched tells whether a version is part of an address from which a step takes something:
// then it is that thing's, and not this image's.
func fetched(b *source.Build, name string) bool {
	for _, stage := range b.Stages {
		for _, step := range stage.Steps {
			if step.Run() == nil && (step.Copy == nil || !step.Copy.Add) {
				continue
			}
			for _, part := range strings.Fields(step.File().Text(step.Span)) {
				if _, address, ok := strings.Cut(part, "://"); ok && uses(address, []string{name}) {
					return true
				}
			}
		}
	}
	return false
}
