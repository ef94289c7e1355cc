package knowledge

import _ "embed"

var (
	//go:embed programs.jsonl
	programsData string
	//go:embed files.jsonl
	filesData string
	//go:embed words.jsonl
	wordsData string
	//go:embed packages.jsonl
	packagesData string
	//go:embed servers.jsonl
	serversData string
	//go:embed manifests.jsonl
	manifestsData string
	//go:embed ecosystems.jsonl
	ecosystemsData string
	//go:embed bringers.jsonl
	bringersData string
	//go:embed services.jsonl
	servicesData string
	//go:embed homes.jsonl
	homesData string
	//go:embed packageusers.jsonl
	packageUsersData string
	//go:embed packageprograms.jsonl
	packageProgramsData string
	//go:embed settings.jsonl
	settingsData string
	//go:embed secretfiles.jsonl
	secretFilesData string
	//go:embed signals.jsonl
	signalsData string
	//go:embed systems.jsonl
	systemsData string
	//go:embed toolchains.jsonl
	toolchainsData string
	//go:embed runtimes.jsonl
	runtimesData string
	//go:embed buildtools.jsonl
	buildToolsData string
	//go:embed usertools.jsonl
	userToolsData string
	//go:embed platforms.jsonl
	platformsData string
	//go:embed variables.jsonl
	variablesData string
	//go:embed credentials.jsonl
	credentialsData string
	//go:embed frameworks.jsonl
	frameworksData string
	//go:embed natives.jsonl
	nativesData string
	//go:embed alpine.jsonl
	alpineData string
	//go:embed debian.jsonl
	debianData string
	//go:embed wheels.jsonl
	wheelsData string
	//go:embed clientkeys.jsonl
	clientKeysData string
	//go:embed clients.jsonl
	clientsData string
	//go:embed devtools.jsonl
	devToolsData string
	//go:embed minimums.jsonl
	minimumsData string
	//go:embed startpackages.jsonl
	startPackagesData string
	//go:embed programpackages.jsonl
	programPackagesData string
	//go:embed extensions.jsonl
	extensionsData string
	//go:embed packagesources.jsonl
	packageSourcesData string
	//go:embed others.jsonl
	othersData string
	//go:embed toolpackages.jsonl
	toolPackagesData string
	//go:embed tools.jsonl
	toolsData string
)

// The files of sets.
var (
	programs = &file{name: "programs.jsonl", data: &programsData}
	files    = &file{name: "files.jsonl", data: &filesData}
	words    = &file{name: "words.jsonl", data: &wordsData}
	packages = &file{name: "packages.jsonl", data: &packagesData}
)
