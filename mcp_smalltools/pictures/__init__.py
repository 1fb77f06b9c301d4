"""Pictures as text: what was read of a picture or a scanned page, and the steps that read it.

reading     records: lines with the place and the probability of each character
decoded     a file's bytes as upright pages of pixels, under limits; text layers of PDF files
detect      where lines of text are
recognise   what a line says
second_reading  the words that were read unsurely, read again wider
lone_marks  signs and numbers that stand alone, which the detector leaves out
arrange     fragments in reading order, columns and tables kept apart, as lines of text
corrected   what a recogniser of many scripts gets wrong in Latin text
layer       the text layer of a PDF in the same form
read        all of it, for one file
picture_file  a picture as a file of text
picture_cache  what was read before, by the hash of the bytes
probabilities  of a character, and of a span of them, to be read right
paint       a copy with boxes painted over

All but `reading`, `picture_file` and `probabilities` need the extra `pictures`, and run only in processes
that can do nothing else.
"""
