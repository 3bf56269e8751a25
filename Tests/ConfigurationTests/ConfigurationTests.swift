// Tests of Configuration.
import Testing
