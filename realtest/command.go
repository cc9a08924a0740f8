//go:build unix

package realtest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// KafkaCommands is Kafka for programs that are no tests: the commands of a broker
// at an address, HOST:PORT, that keeps its data in a directory. The first makes
// the storage ready, and ends; the second is the broker, which is killed when
// this process is gone. The jars are fetched where they are missing.
func KafkaCommands(ctx context.Context, addr, data string) (format, broker *exec.Cmd, err error) {
	dir, err := makeJars(ctx, "kafka", nil)
	if err != nil {
		return nil, nil, err
	}
	controller, err := net.Listen("tcp", addressOf(0))
	if err != nil {
		return nil, nil, err
	}
	controller.Close()
	properties := filepath.Join(data, "server.properties")
	text := strings.NewReplacer("@BROKER@", addr, "@CONTROLLER@", controller.Addr().String(), "@DATA@", filepath.Join(data, "log")).Replace(kafkaProperties)
	if err := os.WriteFile(properties, []byte(text), 0o644); err != nil {
		return nil, nil, err
	}
	command := func(args ...string) *exec.Cmd {
		all := append([]string{"-Xmx512m"}, quiet...)
		cmd := exec.CommandContext(ctx, "java", append(append(all, "-cp", filepath.Join(dir, "libs")+"/*"), args...)...)
		cmd.Dir, cmd.SysProcAttr = data, dyingWithUs()
		return cmd
	}
	return command("kafka.tools.StorageTool", "format", "-t", clusterID(), "-c", properties),
		command("kafka.Kafka", properties), nil
}
