// The laboratory's program: a whole pair with its route servers on one machine.
import Lab

LabCommand.main()
