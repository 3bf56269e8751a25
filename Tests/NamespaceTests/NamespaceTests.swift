// Tests of Namespace.
import Testing
