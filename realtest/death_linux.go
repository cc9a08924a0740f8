package realtest

import "syscall"

// dyingWithUs makes a process group that the system kills when this process is
// gone, even if it was killed.
func dyingWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
