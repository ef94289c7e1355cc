package knowledge

// A Set is a kind of name: what holds of all its members. Each is some lines of
// one of this package's files.
type Set uint8

// The sets.
const (
	// Programs, by their base names.

	Shells          Set = iota // run a command line of sh
	WindowsShells              // run a command line on Windows
	Inits                      // are made to be PID 1 in front of one program
	Interpreters               // run a program text in another language, which a file of it may be given to
	Prompts                    // ask for a program where they are given none; shells do, too
	Launchers                  // are interpreters and tools that start what a project ships
	Supervisors                // look after other programs and their signals
	Droppers                   // run another program as another user
	SystemManagers             // install a distribution's packages
	PythonPrograms             // come with packages of Python and lie beside its interpreter
	Probes                     // are asked by probes and built by nobody, so that nothing but a package or a COPY by name brings them
	ProcessViewers             // tell of processes that they exist
	GitQuestions               // are verbs of git that tell of a repository
	Toolchains                 // are brought by nothing but a toolchain
	CCompilers                 // compile C and C++
	NativeBuilders             // build by a C compiler
	NodeBuilders               // build by what npm installs
	RuntimeBuilders            // are at once runtime and compiler
	LoginTools                 // have a login whose -p is a password
	ConfigTools                // keep settings under names: TOOL config set NAME VALUE
	PasswordReaders            // read a password from standard input
	Configurers                // do what is written elsewhere, and may make users
	Copiers                    // bring a file to another place
	Brief                      // end at once: a script that ends in one of them is done, or has its program elsewhere
	Builtins                   // every shell does by itself
	Harmless                   // install nothing, beside an update of package lists
	Plain                      // do what their effects say and nothing else
	Speakers                   // only say or search their words, so that an option among them is text
	Filters                    // hand on, more or less changed, what they are given
	Printers                   // print what they are given
	PipeEnds                   // succeed at the end of a pipeline whatever they read
	Clients                    // ask a program over the network
	Bystanders                 // say nothing of a program that a probe asks
	Converters                 // may change the ends of lines
	Quiet                      // change no file but those that their effects tell
	TestRunners                // run a project's tests
	TestTools                  // run them by the sub-command test
	UserSwitchers              // start another program as another user, and do nothing else
	RootsTools                 // nobody but root can use: they give files away or change accounts
	Makers                     // make, remove or hand over what their arguments name, which need not be there before

	// Files and folders.

	Unwanted             // are what rule 6 asks to keep out of a context and an image, by their base names
	SkippedFolders       // hold other people's files
	NotDockerfiles       // are ends of names that no Dockerfile has: ignore files, backups, templates, programs, documents
	EnvSamples           // are parts of the name of an environment file that is made to be copied and filled in, or is encrypted
	SourceEnds           // are the ends of names of files that people edit all day
	PictureEnds          // are the ends of names of pictures
	ContentEnds          // are the ends of names of what is edited with the sources: pages, pictures, templates
	QuietSources         // are sources that installs need, or that hardly change
	SourceFolders        // are names that folders of sources bear
	HelperFolders        // are names of folders with what installs read, or what hardly changes
	InstalledFolders     // hold installed packages and nothing of the project
	DataEnds             // are the ends of names of manifests and settings
	ManifestNames        // stand for all manifests where a pattern is asked about
	BuilderFiles         // say how images are built, as globs in a folder, in the order in which they are asked
	DockerFolders        // are names of folders for Dockerfiles, beside what they build
	CodeEnds             // are the ends of names of programs
	TestFolders          // are names of folders with what tests and examples need
	SampleFolders        // are names of folders in which packages keep what only shows or tries something
	SampleEnds           // are the ends of names of such files, in lower case
	PackageSources       // are parts of paths under which the sources of published packages lie
	Published            // are parts of paths under which package managers put what anybody can download
	Vendored             // are parts of paths with others' code that may be changed
	SystemFolders        // are folders that a mention says nothing about
	LibraryFolders       // have shared libraries in them or below them
	StandardFolders      // are at the top of every system
	BaseFolders          // are at the top of some language's image alone
	OwnFolders           // are folders in which no distribution puts anything
	SharedFolders        // are folders that everybody writes on every system
	ProgramFolders       // are folders of programs, in the order in which they are looked into
	RequirementFolders   // are names of folders of lists of requirements
	KeystoreEnds         // are the ends of names of key stores, in lower case
	ZipEnds              // are the ends of names of zip archives, in lower case
	StreamEnds           // are the ends of names of tar archives and of compressed files that are read, in lower case
	UnreadArchives       // are the ends of names of archives and compressed files that are not read, in lower case
	JarFolders           // are names of folders, or of one in another, in which a program's jars lie, most of them published
	Owned                // are parts of paths under the published ones where people put their own files
	SystemProgramFolders // are where a distribution puts programs
	SetupEnds            // are the ends of names of files that containers are set up with: scripts and settings

	// Words: of names, values, flags and sub-commands.

	DevStages        // are names of stages that do not ship
	PackagingTools   // are packages of a distribution with which its packages are built
	TestWords        // name tests, as a part of a name
	DevStageWords    // say so of a stage as a part of its name, too
	WeakStages       // are names of stages that make what ships, or that ship themselves
	TestSettings     // are what stands behind .env. where the settings are those of tests
	DevFileParts     // say of a Dockerfile or a Compose file, as a part of its name, that what it makes does not ship
	LocalTags        // are tags of images that are built where they are used
	ModeVariables    // say in which mode a program of a framework runs
	DevModes         // are the values of them that are not production, nor one like it
	IncludeWords     // begin a line, in upper case, by which a preprocessor puts another file into a Dockerfile
	BuildActions     // are actions of a CI that build an image from a Dockerfile
	DevManifestParts // say of a Kubernetes file, as a part of its name, that it shows or tries something
	DevFileNames     // say so where the name has no other word
	DevComposeParts  // say so of a Compose file alone
	DevFolders       // are names of folders with what does not ship
	WorkFolders      // are those of them in which what CI publishes ships all the same
	DevFolderParts   // say so of a folder as a part of its name, too
	DevFolderEnds    // say so of a folder as the last word of its name
	DevFolderStarts  // say so of a folder as the first word of its name
	DevProducts      // are words behind such a first one with which it names a product: a portal for developers
	DevGroups        // are names of groups, extras and lists of packages for development
	DevFileWords     // mark a requirements file as one for development, as a part of its name
	BasePlaceholders // are values, in lower case, that stand in FROM for an image or a version that somebody has to name
	StandIns         // are values, in lower case, that mean: the build will say
	ReleaseNames     // are names of variables with the program's own version
	ReleaseWords     // stand before VERSION in the name of a variable with the program's own version
	AuthHeaders      // are headers of a request, in lower case, whose value is a credential
	AuthSchemes      // stand before the value of an Authorization header
	TokenPasswords   // stand for a password in a URL whose user is a token
	ManualUsers      // are users in the URLs of manuals
	ManualPasswords  // are passwords in the URLs of manuals
	WeakPasswords    // are passwords that nobody would guard
	AccountWords     // are last words of variables that name a user or a database
	PublicWords      // are words of a variable whose value is handed to every visitor, as a front end's key
	MockParts        // are parts, in lower case, of what only stands for a secret
	OpenKeys         // are keys of a Secret under which people keep what is none
	NameWords        // are words of a variable that holds a name and no secret
	AssetTasks       // compile what a framework publishes, which wants some key and uses none
	ForgetWords      // tell a tool to forget a setting
	ListVerbs        // are words of package managers for what installs nothing
	ServeWords       // are sub-commands by which programs serve
	ServerQuestions  // ask a server for something, after which it ends, or send it to the background
	ScriptFlags      // of package managers of Node have a value and may stand before the sub-command
	PortFlags        // have as value the port that a server listens on, or the address with it
	OtherPorts       // are those on which programs speak something else than HTTP, or HTTP over TLS
	HTTPPorts        // are those on which hardly a program speaks anything but HTTP in the clear
	CodeFlags        // are followed by a program text
	GroupFlags       // ask for a group or an extra of dependencies
	DropCalls        // are functions by which programs change their own user
	OutputFlags      // are followed by a file that the program writes
	OutputVariables  // are variables that say where a tool writes
	PipTargets       // are variables that say where pip installs
	MovingTags       // are tags that publishers move on purpose
	SystemTags       // are operating systems as tags spell them, before a release number
	ArchitectureTags // are architectures as tags spell them, with digits of their own
	DebianReleases   // are codenames of Debian
	UbuntuReleases   // are codenames of Ubuntu
	PlainPublishers  // begin the names of images that have nothing of their own at the top of the file system
	WebBases         // are images, without their tags, that are made for web applications
	CompanionTags    // are things whose version stands in a tag beside the product's own: the JDK of a maven image

	// Packages.

	DotenvLibraries    // read .env files
	VariableCheckers   // hold the variables of a Node.js program against a schema
	EnvReaders         // are files of frameworks that read .env files of their folder when they build, as patterns
	Installers         // are package managers themselves, as packages
	Metapackages       // bring a whole set of tools, the usual probes among them
	DependencyPackages // have no tool in them, but depend on those that have
	PythonlessPackages // neither are Python nor depend on it
	HeaderPackages     // are, or depend on, the C library's headers

	sets
)

// kinds are the names that the files have for the sets, and where these are.
var kinds = [sets]struct {
	in   *file
	name string
}{
	Shells:               {programs, "shell"},
	WindowsShells:        {programs, "windows-shell"},
	Inits:                {programs, "init"},
	Interpreters:         {programs, "interpreter"},
	Prompts:              {programs, "prompt"},
	Launchers:            {programs, "launcher"},
	Supervisors:          {programs, "supervisor"},
	Droppers:             {programs, "dropper"},
	SystemManagers:       {programs, "system-manager"},
	Probes:               {programs, "probe"},
	PythonPrograms:       {programs, "python-program"},
	ProcessViewers:       {programs, "process-viewer"},
	GitQuestions:         {programs, "git-question"},
	Toolchains:           {programs, "toolchain"},
	CCompilers:           {programs, "c-compiler"},
	NativeBuilders:       {programs, "native-builder"},
	NodeBuilders:         {programs, "node-builder"},
	RuntimeBuilders:      {programs, "runtime-builder"},
	LoginTools:           {programs, "login-tool"},
	ConfigTools:          {programs, "config-tool"},
	PasswordReaders:      {programs, "password-reader"},
	Configurers:          {programs, "configurer"},
	Copiers:              {programs, "copier"},
	Brief:                {programs, "brief"},
	Builtins:             {programs, "builtin"},
	Harmless:             {programs, "harmless"},
	Plain:                {programs, "plain"},
	Speakers:             {programs, "speaker"},
	Filters:              {programs, "filter"},
	Printers:             {programs, "printer"},
	PipeEnds:             {programs, "pipe-end"},
	Clients:              {programs, "client"},
	Bystanders:           {programs, "bystander"},
	Converters:           {programs, "converter"},
	Quiet:                {programs, "quiet"},
	TestRunners:          {programs, "test-runner"},
	TestTools:            {programs, "test-tool"},
	UserSwitchers:        {programs, "user-switcher"},
	Makers:               {programs, "maker"},
	RootsTools:           {programs, "roots-tool"},
	Unwanted:             {files, "unwanted"},
	SkippedFolders:       {files, "skipped-folder"},
	NotDockerfiles:       {files, "not-dockerfile"},
	EnvSamples:           {files, "env-sample"},
	SourceEnds:           {files, "source-end"},
	PictureEnds:          {files, "picture-end"},
	ContentEnds:          {files, "content-end"},
	QuietSources:         {files, "quiet-source"},
	SourceFolders:        {files, "source-folder"},
	HelperFolders:        {files, "helper-folder"},
	InstalledFolders:     {files, "installed-folder"},
	DataEnds:             {files, "data-end"},
	ManifestNames:        {files, "manifest"},
	BuilderFiles:         {files, "builder-file"},
	DockerFolders:        {files, "docker-folder"},
	CodeEnds:             {files, "code-end"},
	TestFolders:          {files, "test-folder"},
	SampleFolders:        {files, "sample-folder"},
	SampleEnds:           {files, "sample-end"},
	PackageSources:       {files, "package-source"},
	Published:            {files, "published"},
	Vendored:             {files, "vendored"},
	SystemFolders:        {files, "system-folder"},
	LibraryFolders:       {files, "library-folder"},
	StandardFolders:      {files, "standard-folder"},
	BaseFolders:          {files, "base-folder"},
	OwnFolders:           {files, "own-folder"},
	SharedFolders:        {files, "shared-folder"},
	ProgramFolders:       {files, "program-folder"},
	RequirementFolders:   {files, "requirement-folder"},
	KeystoreEnds:         {files, "keystore-end"},
	ZipEnds:              {files, "zip-end"},
	StreamEnds:           {files, "stream-end"},
	UnreadArchives:       {files, "unread-archive"},
	JarFolders:           {files, "jar-folder"},
	Owned:                {files, "owned"},
	SystemProgramFolders: {files, "system-program-folder"},
	SetupEnds:            {files, "setup-end"},
	DevStages:            {words, "dev-stage"},
	DevStageWords:        {words, "dev-stage-word"},
	WeakStages:           {words, "weak-stage"},
	TestSettings:         {words, "test-settings"},
	DevFileParts:         {words, "dev-file-part"},
	LocalTags:            {words, "local-tag"},
	ModeVariables:        {words, "mode-variable"},
	DevModes:             {words, "dev-mode"},
	IncludeWords:         {words, "include-word"},
	BuildActions:         {words, "build-action"},
	DevManifestParts:     {words, "dev-manifest-part"},
	DevFileNames:         {words, "dev-file-name"},
	DevComposeParts:      {words, "dev-compose-part"},
	DevFolders:           {words, "dev-folder"},
	WorkFolders:          {words, "work-folder"},
	DevFolderParts:       {words, "dev-folder-part"},
	DevFolderEnds:        {words, "dev-folder-end"},
	DevFolderStarts:      {words, "dev-folder-start"},
	DevProducts:          {words, "dev-product"},
	DevGroups:            {words, "dev-group"},
	DevFileWords:         {words, "dev-file-word"},
	BasePlaceholders:     {words, "base-placeholder"},
	StandIns:             {words, "stand-in"},
	ReleaseNames:         {words, "release-name"},
	ReleaseWords:         {words, "release-word"},
	AuthHeaders:          {words, "auth-header"},
	AuthSchemes:          {words, "auth-scheme"},
	TokenPasswords:       {words, "token-password"},
	ManualUsers:          {words, "manual-user"},
	ManualPasswords:      {words, "manual-password"},
	WeakPasswords:        {words, "weak-password"},
	AccountWords:         {words, "account-word"},
	PublicWords:          {words, "public-word"},
	MockParts:            {words, "mock-part"},
	PackagingTools:       {words, "packaging-tool"},
	TestWords:            {words, "test-word"},
	OpenKeys:             {words, "open-key"},
	NameWords:            {words, "name-word"},
	AssetTasks:           {words, "asset-task"},
	ForgetWords:          {words, "forget-word"},
	ListVerbs:            {words, "list-verb"},
	ServeWords:           {words, "serve-word"},
	ServerQuestions:      {words, "server-question"},
	ScriptFlags:          {words, "script-flag"},
	PortFlags:            {words, "port-flag"},
	OtherPorts:           {words, "other-port"},
	HTTPPorts:            {words, "http-port"},
	CodeFlags:            {words, "code-flag"},
	GroupFlags:           {words, "group-flag"},
	DropCalls:            {words, "drop-call"},
	OutputFlags:          {words, "output-flag"},
	OutputVariables:      {words, "output-variable"},
	PipTargets:           {words, "pip-target"},
	MovingTags:           {words, "moving-tag"},
	SystemTags:           {words, "system-tag"},
	ArchitectureTags:     {words, "architecture-tag"},
	DebianReleases:       {words, "debian-release"},
	UbuntuReleases:       {words, "ubuntu-release"},
	PlainPublishers:      {words, "plain-publisher"},
	WebBases:             {words, "web-base"},
	CompanionTags:        {words, "companion-tag"},
	DotenvLibraries:      {packages, "dotenv-library"},
	VariableCheckers:     {packages, "variable-checker"},
	EnvReaders:           {files, "env-reader"},
	Installers:           {packages, "installer"},
	Metapackages:         {packages, "metapackage"},
	DependencyPackages:   {packages, "dependency-package"},
	PythonlessPackages:   {packages, "pythonless"},
	HeaderPackages:       {packages, "header-package"},
}
