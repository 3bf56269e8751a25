// Tests of Engine.
import Testing
