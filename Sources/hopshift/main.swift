// hopshift: asks the daemon, checks configurations.

import Control
import Glibc

var program = Program()
exit(program.run(Array(CommandLine.arguments.dropFirst())).rawValue)
