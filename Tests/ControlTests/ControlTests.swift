// Tests of Control.
import Testing
