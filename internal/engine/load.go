package engine

import (
	"fmt"
	"os"
	"runtime"
)

// busyLoad is the load for each processor beyond which what rests on time is
// measured again before anybody speaks of it.
const busyLoad = 1.5

// load is how many processes of this machine want to run, for each processor, over
// the last minute; 0 where the system does not tell.
func load() float64 {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	var one float64
	fmt.Sscan(string(data), &one)
	return one / float64(runtime.NumCPU())
}
