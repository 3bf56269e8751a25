// hopshiftd: the daemon.

import Daemon
import Linux

Terminal.exit(Program.run(Array(CommandLine.arguments.dropFirst())))
