// hopshift-courier: the slow path, which writes Azure's route tables.

import Courier
import Glibc

exit(Program.run(Array(CommandLine.arguments.dropFirst())))
