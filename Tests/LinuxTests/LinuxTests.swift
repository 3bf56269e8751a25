// Tests of Linux.
import Testing
