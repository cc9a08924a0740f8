//go:build unix && !linux

package realtest

import "syscall"

// dyingWithUs makes a process group. Only Linux ends it when this process was
// killed; HDFS ends by itself when its input does.
func dyingWithUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
