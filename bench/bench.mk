# benchmark programs (make bench).
