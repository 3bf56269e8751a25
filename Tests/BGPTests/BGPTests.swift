// Tests of BGP.
import Testing
