"""The Lua scripts of the state store in Redis. All keys of a call are in one slot, and the first is the fence."""

# The values of keys that no one could declare, because they are read from a sorted set. They are read together with the fence:
# while a slot of a cluster moves, Redis then refuses (and the client tries again) instead of taking a key on the other node for
# missing. At most 1,000 at a time, as Lua's stack is small.
_VALUES = """
local function values_of(prefix, members, step)
  local found = {}
  for first = 1, #members, 1000 * step do
    local keys = {KEYS[1]}
    for i = first, math.min(first + 1000 * step - 1, #members), step do keys[#keys + 1] = prefix .. members[i] end
    local values = redis.call('MGET', unpack(keys))
    for i = 2, #keys do found[#found + 1] = values[i] end
  end
  return found
end
"""

LOAD = (
    _VALUES
    + """
local reply = {redis.call('GET', KEYS[1]) or ''}
local values, scores = tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 1, values do reply[#reply + 1] = redis.call('GET', KEYS[1 + i]) end
for i = 1, scores do reply[#reply + 1] = redis.call('ZSCORE', KEYS[1 + values + i], ARGV[2 + i]) end
for i = 1, #KEYS - 1 - values - scores do
  local prefix, most = ARGV[1 + scores + 2 * i], tonumber(ARGV[2 + scores + 2 * i])
  local members = redis.call('ZRANGE', KEYS[1 + values + scores + i], 0, most - 1, 'WITHSCORES')
  reply[#reply + 1] = {members, prefix == '' and {} or values_of(prefix, members, 2)}
end
return reply
"""
)

DUE = (
    _VALUES
    + """
local fence = redis.call('GET', KEYS[1]) or ''
local due = redis.call('ZRANGE', KEYS[2], '-inf', ARGV[1], 'BYSCORE')
return {fence, due, values_of(ARGV[2], due, 1)}
"""
)

APPLY = """
local fence = redis.call('GET', KEYS[1]) or ''
if fence == ARGV[2] then return 1 end
if fence ~= ARGV[1] then return 0 end
local sets, dels, sorted_sets = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local key, arg = 1, 5
for first = 1, sets, 2000 do
  local values = {}
  for i = first, math.min(first + 1999, sets) do
    values[#values + 1] = KEYS[key + i]
    values[#values + 1] = ARGV[arg + i]
  end
  redis.call('MSET', unpack(values))
end
key, arg = key + sets, arg + sets
for first = 1, dels, 4000 do
  redis.call('DEL', unpack(KEYS, key + first, key + math.min(first + 3999, dels)))
end
key = key + dels
local function each(command, sorted_set, count)
  for first = 1, count, 4000 do
    redis.call(command, sorted_set, unpack(ARGV, arg + first, arg + math.min(first + 3999, count)))
  end
  arg = arg + count
end
for i = 1, sorted_sets do
  local adds, rems = tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  arg = arg + 2
  each('ZADD', KEYS[key + i], adds)
  each('ZREM', KEYS[key + i], rems)
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""
