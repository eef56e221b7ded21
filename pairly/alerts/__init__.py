"""What staff should know of and look after: one open row for each thing that is wrong."""
