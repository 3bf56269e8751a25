// hopshiftd: the daemon.

import Daemon
import Glibc

exit(Program.run(Array(CommandLine.arguments.dropFirst())))
