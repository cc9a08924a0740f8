import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

/**
 * An HDFS of one namenode and one datanode, for tests. Arguments: the namenode's port, a directory
 * for the data. It says READY, restarts the namenode for each line "restart" of its input and then
 * says RESTARTED and how often, and ends with its input.
 */
public class Hdfs {
  public static void main(String[] args) throws Exception {
    Configuration conf = new Configuration();
    conf.setInt("dfs.replication", 1);
    conf.setLong("dfs.blocksize", 1 << 20);
    conf.setLong("dfs.heartbeat.interval", 1);
    conf.setLong("dfs.namenode.safemode.extension", 0);
    conf.set("dfs.namenode.http-address", "127.0.0.1:0");
    MiniDFSCluster cluster =
        new MiniDFSCluster.Builder(conf, new File(args[1]))
            .nameNodePort(Integer.parseInt(args[0]))
            .numDataNodes(1)
            .format(true)
            .build();
    cluster.waitActive();
    say("READY");
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    int restarts = 0;
    for (String line; (line = input.readLine()) != null; ) {
      if (line.equals("restart")) {
        cluster.restartNameNode(0, true);
        say("RESTARTED " + ++restarts);
      }
    }
    System.exit(0);
  }

  /** A line of its own, whatever is logged around it. */
  private static void say(String line) {
    System.out.print("\n" + line + "\n");
    System.out.flush();
  }
}
