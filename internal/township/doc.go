// Package township invents a township: villages, groups, households and staff, and the roster an office would keep of
// them, faults included.
//
// Everything follows from a seed, so two runs speak of the same households. Nobody in it exists: names are drawn from
// lists of characters, and every telephone number begins with 154, which no carrier was ever given.
package township
