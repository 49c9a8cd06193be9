# what make install adds to the program.
