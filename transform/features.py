"""The names every stage agrees on. Types live in `schemas/*.pbtxt`, math in `preprocessing.py`.

Two record types travel through the pipeline, both as `tf.Example`:

* a **timeline** is one user: who they are, what they rated before the split's cut, in time order
  (the history), and what they rated after it (the labels; always empty in `train`);
* a **movie** is one entry of the catalogue.

Ids are byte strings everywhere: they name things and are never computed with.
"""

USER_ID = "user_id"
AGE = "age"  # int64, years or the release's age code; absent where the release has no users
GENDER = "gender"  # "M" or "F"; absent likewise
OCCUPATION = "occupation"  # a word (ml-100k) or a code (ml-1m); absent likewise
ZIP = "zip"  # a string: zips start with 0 and foreign ones hold letters; absent likewise

MOVIE_ID = "movie_id"
RATING = "rating"  # float32, stars
TIMESTAMP = "timestamp"  # int64, seconds since 1970-01-01 UTC

LABEL_MOVIE_ID = "label_movie_id"
LABEL_RATING = "label_rating"
LABEL_TIMESTAMP = "label_timestamp"

TITLE = "title"  # UTF-8, with the year as GroupLens writes it
GENRES = "genres"  # zero or more words
YEAR = "year"  # int64, from the title; absent where the title has none
TITLE_WORDS = "title_words"  # made by Transform: the words of the title

PROFILE = (AGE, GENDER, OCCUPATION, ZIP)  # what is known of a user besides the id; may be missing
HISTORY = (MOVIE_ID, RATING, TIMESTAMP)  # parallel lists, known when recommendations are asked for
QUERY = (USER_ID, *PROFILE, *HISTORY)  # all that a query may use
LABEL = (LABEL_MOVIE_ID, LABEL_RATING, LABEL_TIMESTAMP)  # after the fact: never an input
TIMELINE = (*QUERY, *LABEL)

CANDIDATE = (MOVIE_ID, TITLE, GENRES, YEAR)  # known for every movie, rated or not

TRAIN, EVAL, TEST = "train", "eval", "test"  # splits of the timelines
CATALOGUE = "catalogue"  # the one split of the movies

SPAN = "span"  # property of Examples, as TFX calls it: which delivery of the data they are
TRAINING_RUN = "training_run"  # property of the towers: name of the run that trained them
