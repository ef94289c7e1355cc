// Package run is the model of what was seen when an image was built, started
// and probed: plain data, recorded once by package engine and judged by the
// rooms as often as one likes. A Log can be written as JSON and read back, so
// that a test replays what a container once did.
package run

import (
	"fmt"
	"path"
	"sync"
	"time"

	"github.com/dockworthy/dockworthy/internal/knowledge"
	"github.com/dockworthy/dockworthy/text"
)

// A Log is one proof's record. A nil part was not tried; its absence is never
// good news.
type Log struct {
	ID       string    // the run's id: the value of the label io.dockworthy.run
	Name     string    // what the record is of, as findings name it
	Image    string    // the name that was run
	ImageID  string    // the digest of its config
	Started  time.Time // when the record began
	Engine   Engine
	Settings Settings
	Build    *Build `json:",omitempty"`
	// Companions are the services that it depends on, in the order in which they were
	// started. Without the last of them, where that did not come up, the program was
	// not started.
	Companions []Companion `json:",omitempty"`
	Start      *Start      `json:",omitempty"` // under the hardest settings
	Relaxed    *Start      `json:",omitempty"` // with a root that may be written, after the hard start failed
	Stranger   *Start      `json:",omitempty"` // as a user that the image does not know
	Procs      *Procs      `json:",omitempty"`
	Health     *Health     `json:",omitempty"`
	Stop       *Stop       `json:",omitempty"` // nobody connected
	StopBusy   *Stop       `json:",omitempty"` // with an open connection
	Override   *Override   `json:",omitempty"`
	Orphan     *Orphan     `json:",omitempty"`
	Rebuild    *Rebuild    `json:",omitempty"`
	Canaries   *Canaries   `json:",omitempty"`
	Swarm      *Swarm      `json:",omitempty"`
	// Unseen is what could not be tried, by probe, with the reason.
	Unseen map[string]string `json:",omitempty"`

	once       sync.Once
	transcript *Transcript
}

// ProbeRebuild is the probe of Log.Unseen that a build gets which takes no
// source file that could be edited.
const ProbeRebuild = "a rebuild"

// An Engine is what ran the containers.
type Engine struct {
	Name     string // "Docker Engine", "Podman Engine"
	Version  string
	API      string
	Platform string // linux/amd64
}

// Settings are how the program was told to run.
type Settings struct {
	ReadOnly     bool              `json:",omitempty"` // the root file system
	Writable     []string          `json:",omitempty"` // folders that are memory (tmpfs)
	UID, GID     int               // the image's user, whose the folders in memory are; 0 = root, or not known
	Volumes      []string          `json:",omitempty"`   // folders that are volumes, with what the image holds there
	Capabilities []string          `json:"Capabilities"` // kept; all others are dropped
	NoNewPrivs   bool              `json:",omitempty"`
	Memory       int64             `json:",omitempty"` // bytes
	Pids         int64             `json:",omitempty"`
	Network      string            `json:",omitempty"` // "none" or "bridge"
	Env          map[string]string `json:"-"`          // never written down: values may be secrets
	Role         string            `json:",omitempty"` // the Compose service that it is run as; "" = none
	Entrypoint   []string          `json:",omitempty"` // in place of ENTRYPOINT, which resets CMD; nil = the image's
	Command      []string          `json:",omitempty"` // in place of CMD
	User         string            `json:",omitempty"` // in place of USER
	Workdir      string            `json:",omitempty"` // in place of WORKDIR
	Init         bool              `json:",omitempty"` // an init process of the engine is PID 1
	Service      bool              `json:",omitempty"` // it is expected to stay up and answer
	Stays        bool              `json:",omitempty"` // it is expected to stay up, and need not answer
	Completes    bool              `json:",omitempty"` // it is expected to end by itself: others wait for that
	Ports        []int             `json:",omitempty"` // it is expected to listen on
	Hosts        []string          `json:",omitempty"` // further names, as NAME:ADDRESS
	Sysctls      map[string]string `json:",omitempty"`
	Ulimits      []Ulimit          `json:",omitempty"`
	Mounts       []Mount           `json:",omitempty"`
	Probe        *Probe            `json:",omitempty"` // the health check in place of the image's; nil = the image's
	StopSignal   string            `json:",omitempty"` // in place of STOPSIGNAL
	StopLimit    time.Duration     `json:",omitempty"` // to exit after the stop signal
	StopFrom     string            `json:",omitempty"` // what sets StopLimit; "" = it is the usual one
	StartLimit   time.Duration     `json:",omitempty"` // to become ready
	StartGiven   bool              `json:",omitempty"` // StartLimit counts in place of the health check's own patience
	HangLimit    time.Duration     `json:",omitempty"` // for the health check to notice a program that hangs
	HangNeed     time.Duration     `json:",omitempty"` // what its own logic lets pass before it may fail; 0 = nothing, <0 = not known
	Requests     []Request         `json:",omitempty"` // what the project asks for beyond the hard settings
	Taken        []string          `json:",omitempty"` // what was taken from Compose
	Left         []string          `json:",omitempty"` // what was not, and why
}

// Outer tells whether the probe is asked from outside of the container, as
// Kubernetes asks: over HTTP or TCP.
func (p *Probe) Outer() bool {
	return p != nil && len(p.Test) > 1 && (p.Test[0] == "HTTP" || p.Test[0] == "TCP")
}

// A Ulimit is a limit of a resource of the kernel, as nofile.
type Ulimit struct {
	Name       string
	Soft, Hard int64
}

// A Mount is a volume, or files that are copied into one.
type Mount struct {
	Target   string
	Volume   string `json:",omitempty"` // the name of one that services share; "" = one of its own
	ReadOnly bool   `json:",omitempty"`
	Files    []File `json:",omitempty"` // what lies in it, or in its place; nil = what the image has there
	Single   bool   `json:",omitempty"` // Target is the one file
}

// A File is one that is put into a container. It belongs to root, or in a mount
// that may be written to the container's user.
type File struct {
	Path   string // below the mount's target; "." = itself
	Mode   uint32 // as in fs.FileMode.Perm; folders end in / in Path
	Data   []byte `json:"-"` // never written down: it may be a secret
	Secret bool   `json:",omitempty"`
}

// A Probe is a health check.
type Probe struct {
	From        string   `json:",omitempty"` // what gives it: "compose.yaml, web"
	Test        []string // as in the image's config: CMD, CMD-SHELL, or NONE alone; HTTP or TCP with the port and the path, which nobody inside is asked for
	Interval    time.Duration
	Timeout     time.Duration
	StartPeriod time.Duration
	Retries     int
}

// A Request is a right over this machine, or a limit beyond the usual one, that
// a file of the project asks for. Files are not trusted with either: what is
// given is given by whoever calls.
type Request struct {
	From  string // the file, and in Compose the service: "compose.yaml, web"
	What  string // "SYS_ADMIN", "devices /dev/kvm", "memory 2g"
	Given bool
	Flag  string `json:",omitempty"` // what gives it: "--cap-add SYS_ADMIN"; "" = nothing does
}

func (r Request) String() string {
	switch {
	case r.Given:
		return fmt.Sprintf("%s asks for %s: granted", r.From, r.What)
	case r.Flag == "":
		return fmt.Sprintf("%s asks for %s: not granted, and no flag grants it", r.From, r.What)
	}
	return fmt.Sprintf("%s asks for %s: not granted; %s grants it", r.From, r.What, r.Flag)
}

// A Build is what the builder said.
type Build struct {
	Seconds float64
	Steps   []BuildStep
	Bases   []Resolved // the images that FROM, COPY --from and # syntax resolved to
	Error   string     `json:",omitempty"` // why it failed, in words; "" = it did not
	Step    string     `json:",omitempty"` // the step that failed
	Tail    []string   `json:",omitempty"` // the last lines that the failing step wrote
	Network bool       `json:",omitempty"` // the failure is the network's
	Sizes   []Size     `json:",omitempty"` // what ships first, then the stages that it takes from
	Context int64      `json:",omitempty"` // bytes of the build context, walked
	Files   int        `json:",omitempty"` // files of the build context
}

// A BuildStep is one vertex of the build.
type BuildStep struct {
	Name    string  // "[build 3/4] COPY requirements.txt ."
	Stage   string  `json:",omitempty"` // "build"
	Index   int     `json:",omitempty"` // 3; 0 = not an instruction
	Instr   string  `json:",omitempty"` // "COPY requirements.txt ."
	Begin   float64 // seconds from the build's begin
	Seconds float64
	Cached  bool   `json:",omitempty"`
	Error   string `json:",omitempty"`
	Because string `json:",omitempty"` // of a rebuild: why it ran again
	// Unreached tells that the build ended before the builder came to it.
	Unreached bool `json:",omitempty"`
}

// A Size is how large the image of a stage is.
type Size struct {
	Stage string // its name or number; "" = what ships
	Bytes int64
}

// A Resolved is a reference with the digest that the builder took.
type Resolved struct {
	Ref    string
	Digest string   // "" = it was a local image without one
	Layers []string `json:",omitempty"` // digests of its layers' content, where the engine has it
}

// A Start is how a container came up.
type Start struct {
	Argv     []string // as the engine composed it
	User     string   // as the config says
	Up       bool     // it was still running, or had ended well, when it was looked at
	Ended    bool     // it ended by itself
	Code     int      // exit code, where it ended
	OOM      bool     `json:",omitempty"`
	Error    string   `json:",omitempty"` // the engine's refusal to start
	Cause    *Cause   `json:",omitempty"` // why it did not come up, as far as that is known
	Logs     []string `json:",omitempty"` // the last lines, both streams
	Seconds  float64  // until it was up, or had ended
	Lasted   float64  `json:",omitempty"` // seconds that it ran, by the engine, where it ended by itself
	Healthy  bool     `json:",omitempty"` // it became healthy
	Wrote    []string `json:",omitempty"` // what it changed outside writable folders, where that could be seen
	Listened bool     `json:",omitempty"` // it had a listening port
	Caps     []string `json:",omitempty"` // the capabilities without which it did not come up
	Lived    bool     `json:",omitempty"` // it was ready, and ended by itself later
	During   string   `json:",omitempty"` // what was looked at when it then ended
	Load     float64  `json:",omitempty"` // the machine's load for each processor, where it was not ready in time
}

// A Cause is why a container did not come up.
type Cause struct {
	Kind CauseKind
	Path string `json:",omitempty"` // the file, folder, module or variable it is about
	Text string // in words
}

// A CauseKind sorts causes by the rule that they break.
type CauseKind string

// The kinds of causes.
const (
	NotFound      CauseKind = "not-found"      // the program is not there
	NotExecutable CauseKind = "not-executable" // it lacks the x bit, or its format is unknown
	NotReadable   CauseKind = "not-readable"   // the user may not read it, or enter its folder
	NoInterpreter CauseKind = "no-interpreter" // its ELF or shebang interpreter is not there
	NoLibrary     CauseKind = "no-library"     // a shared library is not there
	NoModule      CauseKind = "no-module"      // a Python or Node module is not there
	NoFile        CauseKind = "no-file"        // a file that it opens is not there
	NoUser        CauseKind = "no-user"        // USER is not in /etc/passwd
	ReadOnly      CauseKind = "read-only"      // it must write where it may not
	NoPermission  CauseKind = "no-permission"  // an operation that the hard settings forbid
	NoConfig      CauseKind = "no-config"      // it asks for configuration, as an environment variable
	NoNetwork     CauseKind = "no-network"     // it needs a network or another service
	OutOfMemory   CauseKind = "out-of-memory"
	Crashed       CauseKind = "crashed" // anything else
)

// Procs are the processes of the running container, and its sockets.
type Procs struct {
	List    []Process
	Listens []Listen
}

// A Process is one process as /proc shows it, by its PID in the container.
type Process struct {
	PID, PPID  int
	Argv       []string
	State      string // R, S, D, Z, T
	UIDs, GIDs [4]int // real, effective, saved, file system
	Groups     []int  `json:",omitempty"`
	CapEff     uint64 // capability sets as bit masks
	CapPrm     uint64
	CapBnd     uint64
	CapAmb     uint64 `json:",omitempty"`
	NoNewPrivs bool
	Seccomp    int    // 0 none, 1 strict, 2 filter
	SigCgt     uint64 // signals caught, bit n-1 for signal n
	SigIgn     uint64
}

// A Listen is a TCP port in state LISTEN.
type Listen struct {
	Address string // "0.0.0.0", "127.0.0.1", "::"
	Port    int
}

// Health is what the health check did.
type Health struct {
	From        string   `json:",omitempty"` // what gives it; "" = the image
	Test        []string // the probe
	Healthy     bool
	Patience    float64 `json:",omitempty"` // seconds that it was waited for at most
	HealthyIn   float64 // seconds from start
	Last        string  `json:",omitempty"` // the last output of the probe, where it failed
	LastCode    int     `json:",omitempty"`
	Need        float64 `json:",omitempty"` // seconds that the probe's own logic lets pass before it may fail; <0 = not known
	Frozen      bool    // every process could be frozen
	Unhealthy   bool    // it then turned unhealthy
	UnhealthyIn float64 // seconds from the freeze, at the interval that was used
	Recovered   bool    // and healthy again after they ran on
	RecoveredIn float64
	Interval    float64 // seconds between probes, as the run was set
	Timeout     float64
	Retries     int
}

// A Stop is how PID 1 took the stop signal.
type Stop struct {
	Signal  string
	Seconds float64
	Code    int
	Killed  bool // the engine had to kill it
	Limit   float64
	Port    int    `json:",omitempty"` // the port with the open connection
	From    string `json:",omitempty"` // what sets the limit; "" = it is the usual one
}

// An Override is whether arguments given at docker run reach the program.
type Override struct {
	Word    string
	Reached bool
	Known   bool   // false: it could not be told
	Seen    string `json:",omitempty"` // where: the argv or the log line
}

// An Orphan is what became of a process whose parent ended.
type Orphan struct {
	Reaped  bool
	Zombies int // left behind by the program itself
}

// A Rebuild is a second build after one source file was touched.
type Rebuild struct {
	Touched string // the file
	Seconds float64
	Steps   []BuildStep
	Error   string `json:",omitempty"`
}

// Canaries are false secrets and unwanted files put into a copy of the build,
// and where they came out.
type Canaries struct {
	Planted []Canary
	Error   string `json:",omitempty"` // why the build with canaries failed
}

// A Canary is one planted value.
type Canary struct {
	Kind  string   // "file", "build-arg", "secret"
	Name  string   // the file's path, the argument, the secret's id
	Found []string `json:",omitempty"` // where: "layer 3 /app/.env", "config env TOKEN", "history 7"
	Layer int      // the layer it was first found in, from 0; -1 = not in a layer
	Real  bool     `json:",omitempty"` // the context sends such a file anyway: a line was added to a copy of it
}

// A Swarm is what a one-node swarm did with an unhealthy task.
type Swarm struct {
	Replaced bool
	Seconds  float64
	Error    string `json:",omitempty"`
}

// IsShell tells whether a program is a shell, by its path.
func IsShell(program string) bool {
	return knowledge.Shells.Has(path.Base(program))
}

// Up is the start that went well: under the hard settings, else with a root that
// may be written; nil where none did.
func (l *Log) Up() *Start {
	for _, s := range []*Start{l.Start, l.Relaxed} {
		if s != nil && s.Up {
			return s
		}
	}
	return nil
}

// After is how many seconds a program that ended by itself had run.
func (s *Start) After() float64 {
	if s.Lasted > 0 {
		return s.Lasted
	}
	return s.Seconds
}

// Why is why a container did not come up, as a clause.
func (s *Start) Why() string {
	switch {
	case s.Cause != nil:
		return s.Cause.Text
	case s.Error != "":
		return s.Error
	case s.Ended:
		return fmt.Sprintf("it exited with status %d and no output", s.Code)
	}
	return fmt.Sprintf("it was not ready within %.0f s", s.Seconds)
}

// Blocked is the service without which the program was not started; nil where
// there is none.
func (l *Log) Blocked() *Companion {
	if n := len(l.Companions); n > 0 && !l.Companions[n-1].Ready {
		return &l.Companions[n-1]
	}
	return nil
}

// Lonely is the start of a program that runs and is not healthy, and that asked for
// another service where there is none; nil where that is not so.
func (l *Log) Lonely() *Start {
	s := l.Up()
	if s == nil || l.Health == nil || l.Health.Healthy || s.Cause == nil || s.Cause.Kind != NoNetwork {
		return nil
	}
	return s
}

// Failed is the start to read the cause of a failure from: the last one that
// was tried; nil where one came up, or none was tried.
func (l *Log) Failed() *Start {
	switch {
	case l.Up() != nil:
		return nil
	case l.Relaxed != nil:
		return l.Relaxed
	}
	return l.Start
}

// StartSpan is the line about that start.
func (l *Log) StartSpan(s *Start) text.Span {
	if s != nil && s == l.Relaxed {
		return l.Transcript().Span(TopicRelaxed, "")
	}
	return l.Transcript().Span(TopicStart, "")
}

// A Condition is what others wait for of a service.
// Source: Compose specification, depends_on.
type Condition string

// The conditions, in words.
const (
	Started   Condition = "started"
	Healthy   Condition = "healthy"
	Completed Condition = "completed"
)

// A Companion is a service that ran beside the program.
type Companion struct {
	Name    string
	Image   string
	Until   Condition
	Ready   bool
	Seconds float64  // until it was what others wait for, or failed
	Why     string   `json:",omitempty"` // why it was not ready
	Logs    []string `json:",omitempty"` // its last lines, where it was not
	Left    []string `json:",omitempty"` // what was not taken from Compose
}
